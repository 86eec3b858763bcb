"""The local Cloud Storage: the JSON API, and reading by the XML API, over plain files."""
