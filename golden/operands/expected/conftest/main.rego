# METADATA
# title: What every pack denies and warns of
package main

deny contains violation if some violation in data.main.operands.deny

warn contains violation if some violation in data.main.operands.warn
