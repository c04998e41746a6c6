# METADATA
# title: What every pack denies and warns of
package main

deny contains violation if some violation in data.main.images.deny

warn contains violation if some violation in data.main.images.warn
