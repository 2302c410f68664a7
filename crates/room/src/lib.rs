//! Membership, publish and subscribe, forwarding and volume evaluation.
