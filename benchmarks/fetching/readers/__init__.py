"""One reader each: run with the API's URL and a number of pages, it prints the CPU it used for each page."""
