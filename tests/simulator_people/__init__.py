"""The virtual people, the loads and the page, without the network: a toy takes its place."""
