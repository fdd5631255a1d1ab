"""Who is there and what they do: synthetic users, follows, posts and behaviour as pure, seeded functions."""
