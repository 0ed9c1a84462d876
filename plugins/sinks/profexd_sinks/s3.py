"""The s3 sink: staged as a multipart upload, published by completing it."""
