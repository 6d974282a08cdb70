-- Built with the graph, so that what is not in it can be looked up.
-- depends_on: {{ ref('readers_rejected') }}
select
    reader_id,
    age
from {{ ref('readers') }}
order by reader_id
