"""The steps of the trial, by what they try. Each raises AssertionError with what it found."""
