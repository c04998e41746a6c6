# METADATA
# title: The violations of every pack
package polc.main

violations := set()
