"""The clients over ssh, against a real sshd."""
