"""Who sees what: matrix, neighbours, blending and scored rows as pure functions over arrays."""
