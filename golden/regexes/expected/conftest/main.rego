# METADATA
# title: What every pack denies and warns of
package main

deny contains violation if some violation in data.main.regexes.deny

warn contains violation if some violation in data.main.regexes.warn
