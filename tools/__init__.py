"""Programs for the people who develop this project; no part of the package."""
