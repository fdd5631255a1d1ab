-- AlterTable
ALTER TABLE "user" ADD COLUMN "experiment_group" VARCHAR(20) NOT NULL DEFAULT 'control';
