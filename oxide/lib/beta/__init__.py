"""Public names of beta features in the places they have in the official SDK."""
