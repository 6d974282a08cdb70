select distinct
    cookies.cookie_id,
    trim(both ' ' from unnested.conversion_id) as conversion_id
from {{ ref('cookies_checked') }} as cookies
{{ unnest_list(split_text('cookies.conversion_id', ','), 'conversion_id') }}
where cookies.reason is null and trim(both ' ' from unnested.conversion_id) <> ''
