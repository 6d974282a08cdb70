select product_name
from {{ ref('purchases') }}
where product_name is not null
group by product_name
order by {{ by_bytes('product_name') }}
