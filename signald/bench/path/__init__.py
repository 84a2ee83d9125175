"""``signald bench path``: from a release's publication to a consumer's hands, beside two other programs.

Publisher, broker, signald, Redis and consumer are processes of their own on loopback. In the same run, on the same
servers and in turn with signald, stand the program that one would write first (:mod:`.idiom`) and the least that any
program can do (:mod:`.floor`). Releases come in an open loop: the next one is sent when it is due, whatever became of
the one before; a latency is what lies between the call that sends a release and the coming of its signal at the
consumer.
"""
