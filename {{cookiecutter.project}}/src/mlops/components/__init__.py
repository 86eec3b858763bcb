"""KFP components: each wraps one function of the packages around it.

`base_image` is the name of a folder under infra/images; the compiler turns it into a reference.
Parameters are bare `dict` and `list`: KFP's executor would drop a `dict[str, Any]` without a word.
"""
