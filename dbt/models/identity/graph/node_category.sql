select product_category
from {{ ref('purchases') }}
where product_category is not null
group by product_category
order by {{ by_bytes('product_category') }}
