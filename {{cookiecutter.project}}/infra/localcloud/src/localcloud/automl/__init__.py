"""AutoML for tables: checks what is asked for, and trains in the image `automl-tabular`."""
