"""Hand-written members of generated classes, and what stands above single calls."""
