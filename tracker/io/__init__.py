"""Everything that touches the world outside: sockets, disk, clocks, configuration. The only asyncio."""
