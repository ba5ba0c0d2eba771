#ifndef _INCLUDED_ll_mon_post_push_spikes
#define _INCLUDED_ll_mon_post_push_spikes

void _run_ll_mon_post_push_spikes();


#endif
