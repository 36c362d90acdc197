"""Sans-I/O decoders, one module per protocol: bytes in, pings or named refusals out."""
