"""Build directories: made aside, put in place, held, looked at again, carried to S3 and back."""
