"""Documents as others write them: made here from the standards, for tests. Everybody is made up."""
