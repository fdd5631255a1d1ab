"""Who is there and what they do: synthetic users, follows, posts, behaviour; pure and seeded."""
