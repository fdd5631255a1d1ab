import type { Post, PrismaClient, User } from "./generated/client.js";

type FeedPost = Post & { user: User };
type Feed = { source: "random" | "ml_recommendations" | "random_fallback"; posts: FeedPost[] };

export async function feed(
  prisma: PrismaClient,
  user: User,
  randomPosts: () => Promise<FeedPost[]>,
): Promise<Feed> {
  if (user.experimentGroup !== "treatment") return { source: "random", posts: await randomPosts() };
  const live = await prisma.userRecommendation.findMany({
    where: { userId: user.id, expiresAt: { gt: new Date() } },
    orderBy: { score: "desc" },
    take: 50,
    include: { post: { include: { user: true } } },
  });
  if (live.length === 0) return { source: "random_fallback", posts: await randomPosts() };
  return { source: "ml_recommendations", posts: live.map((row) => row.post) };
}
