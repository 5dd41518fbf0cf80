"""Where the secrets of a text are: rules by sort, and what runs them (`finding`). `redaction` is the door.

On the path of the hook: the standard library only, and nothing compiled before it is needed.
"""
