"""The commands of ``threads-pipelines``, a module a topic; what they do lives in the rooms."""
