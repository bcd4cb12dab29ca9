"""Public names in the places they have in the official SDK."""
