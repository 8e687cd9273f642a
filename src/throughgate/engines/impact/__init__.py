"""Impact engine: did it help, for whom, compared with what, how sure are we, at what cost.

A pure library: it imports nothing else of the product and nothing heavy until it is used. Start from
`study` (a study file and its data), `analysis` (arrays), `cohort` and `counting` (the event model), or
`portfolio` and `disclosure` (publishing many results).
"""
