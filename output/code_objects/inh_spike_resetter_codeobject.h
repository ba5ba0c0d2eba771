#ifndef _INCLUDED_inh_spike_resetter_codeobject
#define _INCLUDED_inh_spike_resetter_codeobject

void _run_inh_spike_resetter_codeobject();


#endif
