"""From the files of an app to a stack file that works: what was seen, guessed and left out."""
