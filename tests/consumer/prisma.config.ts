import { PrismaPg } from "@prisma/adapter-pg";
import { defineConfig } from "prisma/config";

// With an adapter the schema engine is WebAssembly too, so `migrate diff` downloads nothing.
export default defineConfig({
  schema: "schema.prisma",
  experimental: { adapter: true },
  adapter: async () => new PrismaPg({ connectionString: process.env.DATABASE_URL, idleTimeoutMillis: 1 }),
});
