"""The clients measured side by side: classes ``Peer`` that ``bench.peers.host`` drives, one per process."""
