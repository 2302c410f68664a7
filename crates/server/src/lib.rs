//! The self-hosted server: accounts, signalling gateway, forwarding shards and storage.
