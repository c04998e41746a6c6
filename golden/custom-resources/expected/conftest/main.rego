# METADATA
# title: What every pack denies and warns of
package main

deny contains violation if some violation in data.main.custom_resources.deny

warn contains violation if some violation in data.main.custom_resources.warn
