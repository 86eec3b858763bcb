"""The root of the errors that their user can mend."""


class UserError(Exception):
    """A mistake told in one sentence, with the way out; the command line prints it as it is."""
