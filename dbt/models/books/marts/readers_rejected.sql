select
    reason,
    reader_text,
    location_text,
    age_text
from {{ ref('readers_checked') }}
where reason is not null
