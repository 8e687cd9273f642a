"""Pure decisions about partners. ``stages``, ``vetting`` and ``chains`` are asked by name."""

from throughgate.partners.rules import chains, stages, vetting
from throughgate.partners.rules.agreements import Term, search_words, sound_agreement, sound_needs

__all__ = ["Term", "chains", "search_words", "sound_agreement", "sound_needs", "stages", "vetting"]
