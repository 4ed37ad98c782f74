# Aliases only: everything is in run.py.
.PHONY: demo test test-full lint bench lock translations
demo test test-full lint bench lock translations:
	@python3 run.py $@
