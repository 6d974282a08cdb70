select
    {{ load_of_row() }} as load,
    {{ text_of('user_name') }} as user_name,
    {{ ascii_lower(text_of('email')) }} as email,
    {{ text_of('external_id') }} as external_id,
    {{ text_of('phone_number') }} as phone_number,
    {{ text_of('street_address') }} as street_address,
    {{ text_of('postcode') }} as postcode,
    {{ text_of('city') }} as city,
    {{ text_of('country') }} as country,
    cast({{ as_text('birthday') }} as date) as birthday,
    cast({{ as_text('loyalty_points') }} as integer) as loyalty_points,
    {{ text_of('loyalty_level') }} as loyalty_level
from {{ source('identity', 'first_party') }}
