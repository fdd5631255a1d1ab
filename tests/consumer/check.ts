/**
 * Reads feeds as the app does and says what it saw and what is wrong with it, as JSON on stdout.
 *
 * DATABASE_URL     the app's database
 * SESSION_TIME_ZONE  sets the session's time zone; without it the server's own holds
 * TZ               the process's own time zone, as Node.js reads it
 * stdin            a JSON list of user ids; an empty list means every user who has a row
 */
import { text } from "node:stream/consumers";
import { PrismaPg } from "@prisma/adapter-pg";
import { PrismaClient } from "./generated/client.js";
import { feed } from "./feed.js";

const FEED_LENGTH = 50;
const zone = process.env.SESSION_TIME_ZONE;
const prisma = new PrismaClient({
  adapter: new PrismaPg({
    connectionString: process.env.DATABASE_URL,
    ...(zone ? { options: `-c TimeZone=${zone}` } : {}),
  }),
});

const randomPosts = async () =>
  prisma.post.findMany({ where: { originalPostId: null }, take: 10, include: { user: true } });

/** The instants as the server has them, in milliseconds: naive UTC, whatever its time zone. */
const storedInstants = (userId: string) => prisma.$queryRaw<
  { id: string; generated: bigint; expires: bigint; created: bigint; live: boolean }[]
>`SELECT r.id,
         (extract(epoch FROM r.generated_at AT TIME ZONE 'UTC') * 1000)::bigint AS generated,
         (extract(epoch FROM r.expires_at AT TIME ZONE 'UTC') * 1000)::bigint AS expires,
         (extract(epoch FROM p.created_at AT TIME ZONE 'UTC') * 1000)::bigint AS created,
         r.expires_at AT TIME ZONE 'UTC' > now() AS live
    FROM user_recommendation r JOIN post p ON p.id = r.post_id WHERE r.user_id = ${userId}`;

async function check(userId: string) {
  const faults: string[] = [];
  const expect = (holds: boolean, fault: string) => void (holds || faults.push(`${userId}: ${fault}`));
  const user = await prisma.user.findUniqueOrThrow({ where: { id: userId } });
  const served = await feed(prisma, user, randomPosts);
  const asTreated = await feed(prisma, { ...user, experimentGroup: "treatment" }, randomPosts);
  const rows = await prisma.userRecommendation.findMany({ where: { userId } });
  const byPost = new Map(rows.map((row) => [row.postId, row]));
  const stored = new Map((await storedInstants(userId)).map((row) => [row.id, row]));
  const liveCount = [...stored.values()].filter((row) => row.live).length;
  const hasRows = asTreated.source === "ml_recommendations";
  const posts = hasRows ? asTreated.posts : [];

  const treated = user.experimentGroup === "treatment";
  const expected = treated ? (liveCount ? "ml_recommendations" : "random_fallback") : "random";
  expect(served.source === expected, `source is ${served.source}, not ${expected}`);
  expect(posts.length === Math.min(liveCount, FEED_LENGTH), `${posts.length} of ${liveCount} live rows`);
  expect(new Set(posts.map((post) => post.id)).size === posts.length, "a post comes twice");
  let above = Number.POSITIVE_INFINITY;
  for (const post of posts) {
    const row = byPost.get(post.id);
    const instants = row && stored.get(row.id);
    if (!row || !instants) {
      faults.push(`${userId}: ${post.id} has no row`);
      continue;
    }
    expect(Number.isFinite(row.score) && row.score <= above, `${post.id} is out of order`);
    above = row.score;
    expect(instants.live, `${post.id} is not live`);
    expect(row.generatedAt.getTime() === Number(instants.generated), `${post.id}: wrong generatedAt`);
    expect(row.expiresAt.getTime() === Number(instants.expires), `${post.id}: wrong expiresAt`);
    expect(post.createdAt.getTime() === Number(instants.created), `${post.id}: wrong createdAt`);
    expect(post.user.id === post.userId && post.user.username !== "", `${post.id} has no author`);
    expect(post.userId !== userId && post.originalPostId === null, `${post.id} is own or a repost`);
  }
  const seen = posts.map((post) => ({
    post: post.id,
    author: post.user.username,
    score: byPost.get(post.id)?.score,
    generatedAt: byPost.get(post.id)?.generatedAt,
    expiresAt: byPost.get(post.id)?.expiresAt,
  }));
  return { faults, feed: { user: userId, source: served.source, posts: seen } };
}

async function main() {
  const asked = JSON.parse(await text(process.stdin)) as string[];
  const withRows = { where: { recommendations: { some: {} } }, select: { id: true } };
  const users = asked.length ? asked : (await prisma.user.findMany(withRows)).map((row) => row.id);
  const results = [];
  for (const user of users) results.push(await check(user));
  const [session] = await prisma.$queryRaw<{ zone: string }[]>`SELECT current_setting('TimeZone') AS zone`;
  const faults = results.flatMap((result) => result.faults);
  console.log(JSON.stringify({ zone: session?.zone, feeds: results.map((r) => r.feed), faults }));
  return faults.length ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error); // a stack would quote bundled code
  process.exitCode = 2;
} finally {
  await prisma.$disconnect();
}
