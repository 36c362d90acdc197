"""The domain: what a ping means, what a crossing asks for, what must be remembered. Pure, except `tracker.io`."""
