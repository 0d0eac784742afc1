"""What a deploy would do, as a value: the model, its texts, and whether it still holds. Pure."""
