"""Pure geometry: where a point is, how far the border is, where it was crossed."""
