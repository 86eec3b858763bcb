"""KFP components: each wraps one function of the packages around it.

`base_image` is the name of a folder under infra/images; the compiler turns it into a reference.
Parameters are `Dict` and `List`: KFP would leave a `dict[str, Any]` out without a word.
"""
