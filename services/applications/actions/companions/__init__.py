"""With whom does an officer apply? Names somebody, who says yes or no; and how do they part?"""

from services.applications.actions.companions.answering import answer
from services.applications.actions.companions.meant import MOST_WRITTEN
from services.applications.actions.companions.naming import name
from services.applications.actions.companions.parting import end_adrift, leave, remove
from services.applications.actions.companions.parts import known, named

__all__ = ["MOST_WRITTEN", "answer", "end_adrift", "known", "leave", "name", "named", "remove"]
