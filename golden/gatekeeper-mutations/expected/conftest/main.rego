# METADATA
# title: What every pack denies and warns of
package main

deny := set()

warn := set()
