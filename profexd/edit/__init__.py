"""Files of the configuration, written by the people who may: drafts, questions, trials, saving."""
