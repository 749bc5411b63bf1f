from adapters.postgres.connection.packed_arrays import Texts
from core.domain.organizations import Role

# A role crewkit gave a meaning we do not know is no role here.
KNOWN_ROLES = Texts([role.value for role in Role])
