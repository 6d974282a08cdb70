with users as (
    select * from {{ ref('stg_users') }}
),

spoken as (
    select
        users.customer,
        users.user_key,
        unnested.language
    from users
    {{ unnest_list('users.languages', 'language') }}
),

renamed as (
    select
        customer,
        user_key,
        {{ customer_key('language') }} as language_key,
        language
    from spoken
)

select * from renamed
