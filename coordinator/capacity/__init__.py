"""How full the network is: the headroom of all bots together and the share of their caps in use.

The idea: everything is measured in messages a second, so that tokens, people and conversations
can be compared. What is measured goes into the metrics, where it can be watched and alerted on.
It keeps nothing: when the leader dies, the next one measures anew.
"""
