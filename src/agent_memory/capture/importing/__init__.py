"""History that agents have left on disk → events, with an account of every line.

discovery   where each agent keeps its history         detection   what a named file is
formats     how histories are kept, and their readers  decoding    bytes → records
reading     one history → drafts                       earlier     what a history copied from another
engine      drafts → the log
marks       how far each history was imported          accounts    what became of each line
aligning    which of the same words in the log are those of a history
"""
