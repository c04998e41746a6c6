# METADATA
# title: What every pack denies and warns of
package main

deny contains violation if some violation in data.main.subresources.deny

warn contains violation if some violation in data.main.subresources.warn
